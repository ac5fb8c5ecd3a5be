"""Git and Bazaar repositories, local and remote."""
