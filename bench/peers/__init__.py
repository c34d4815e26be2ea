"""The model server beside other people's."""
