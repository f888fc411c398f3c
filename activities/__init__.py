"""One side effect each, safe to repeat; Temporal decides when. Methods of classes that hold their clients."""
