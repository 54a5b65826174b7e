"""Rules over several objects at once: whether policies can run, and make sense together. Pure.

A fact is judged by itself, against what the models declare. These rules ask whether what is there
fits together, whatever declares it.
"""
