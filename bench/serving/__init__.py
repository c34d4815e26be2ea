"""The model server beside the same models called without one."""
