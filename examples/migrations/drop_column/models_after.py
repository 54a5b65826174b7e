"""The models without flow_data.release_time."""

from __future__ import annotations

from examples.migrations.derived_models import copy_of_models, drop_column

metadata = copy_of_models()
drop_column(metadata.tables["flow_data"], "release_time")
