"""From a data set to one that is ready to train on: steps, negatives."""
