"""Who teaches: data synthesis, LoRA recipes, the trainer. Its contract with the rest is a folder: adapter, manifest."""
