"""Signal files, read in blocks: sound, video, pictures and wristbands; memory does not grow with their length."""
