"""Groups of the command line, one noun a module; :mod:`workers.cli` lists them."""
