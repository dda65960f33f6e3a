"""Results for readers: the HTML report, the generated pages and the tables of the README."""
