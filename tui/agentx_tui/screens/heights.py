"""From how many rows on a page that explains itself has the room for it."""

SHORT = [(0, "-short"), (18, "-tall")]
"""Below 18 rows what explains is left out, so that the rows, what is told and the keys are there at 12."""
