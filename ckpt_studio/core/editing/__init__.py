"""Changes to metadata: rules, views to edit, import, export, cleaning."""
