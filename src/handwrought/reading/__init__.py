"""From pictures to digits: ink, its preparation as MNIST's, segmentation of pages, recognition."""
