"""From one domain to another: models that learn from several domains, and the gate that closes where that harms."""
