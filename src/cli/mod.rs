//! What may be asked: the definition of the command line, from which help, completions and the manual are made.
