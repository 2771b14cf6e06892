pub struct Bound; pub struct Recipient; pub struct SealedStrokes; pub struct StrokesSealError;
