"""EPCIS 2.0 (GS1): events of things seen, made, packed and shipped, read and written as JSON-LD."""
