"""Writers of the audits of one or several databases."""
