"""How the product is put into production: configurations, and what checks and lists them."""
