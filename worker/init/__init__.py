"""`python -m worker init`: asks for the settings, tries them as it goes, writes `.env`."""
