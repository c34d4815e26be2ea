"""The small models that ship with Kantu: their pictures, their training, their reports."""
