//! Words that stand in every letter.
//!
//! They are indexed, so that phrases hold; a loose query leaves them out unless it has nothing else.

/// Folded forms, sorted.
const STOP_WORDS: &[&str] = &[
    "aber", "alle", "allem", "allen", "aller", "alles", "als", "also", "am", "an", "and", "auch",
    "auf", "aus", "bei", "beim", "bin", "bis", "bist", "da", "dabei", "dadurch", "dafur", "damit",
    "dann", "das", "dass", "dazu", "dem", "den", "denen", "denn", "der", "deren", "des", "dessen",
    "die", "dies", "diese", "diesem", "diesen", "dieser", "dieses", "doch", "dort", "du", "durch",
    "ein", "eine", "einem", "einen", "einer", "eines", "er", "es", "etwa", "euch", "fur", "gegen",
    "hab", "habe", "haben", "hat", "hatte", "hatten", "hier", "hin", "hinter", "ich", "ihm", "ihn",
    "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres", "im", "in", "ins", "ist", "ja",
    "jede", "jedem", "jeden", "jeder", "jedes", "jene", "kann", "kein", "keine", "keinem",
    "keinen", "keiner", "man", "mein", "meine", "meinem", "meinen", "meiner", "mich", "mir", "mit",
    "nach", "nicht", "noch", "nun", "nur", "ob", "oder", "of", "ohne", "sehr", "sein", "seine",
    "seinem", "seinen", "seiner", "seit", "sich", "sie", "sind", "so", "soll", "sollen", "sollte",
    "sowie", "the", "to", "uber", "um", "und", "uns", "unser", "unsere", "unserem", "unseren",
    "unserer", "unter", "vom", "von", "vor", "wann", "war", "waren", "warum", "was", "weil",
    "welche", "welchem", "welchen", "welcher", "welches", "wenn", "wer", "werde", "werden", "wie",
    "wir", "wird", "wo", "wurde", "wurden", "zu", "zum", "zur", "zwischen",
];

/// Whether a folded word carries no meaning of its own.
pub(crate) fn is_stop_word(folded: &str) -> bool {
    STOP_WORDS.binary_search(&folded).is_ok()
}

#[cfg(test)]
#[test]
fn the_list_is_sorted() {
    assert!(STOP_WORDS.is_sorted());
}
