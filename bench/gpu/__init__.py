"""ResNet-50 on a GPU, through the model server and directly."""
