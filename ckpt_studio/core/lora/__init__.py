"""LoRAs and their relatives: what their keys mean, and which tensors of a model they change."""
