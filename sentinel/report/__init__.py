"""What a run decided, did and proved, as Rich renderables for people and as one JSON document for programs."""
