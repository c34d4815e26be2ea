"""Requests that wait together run together."""
