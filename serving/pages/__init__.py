"""Pages on which people try models: drawn on, shown a picture, asked; of this server or another."""
