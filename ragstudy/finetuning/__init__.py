"""Fine-tuning: LoRA adapters by PEFT on nested subsets of the training questions."""
