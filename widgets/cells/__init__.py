"""Cells: what each kind of transcript part looks like, as rows (`cells.render`)."""
