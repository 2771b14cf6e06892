//! What is asked of a definition: its parts by name, and whom and what it names.

use super::{Complaint, Definition, Field, State, Step, read};

impl Definition {
    /// Reads a definition and checks all of it.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its line and a remedy.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Complaint>> {
        read::read(bytes, read::Age::New)
    }

    /// Reads a definition that was taken in before, be it by an older program that looked at less: what was kept is
    /// read for ever.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its line and a remedy.
    pub fn read_kept(bytes: &[u8]) -> Result<Self, Vec<Complaint>> {
        read::read(bytes, read::Age::Kept)
    }

    /// Its hash, in hex.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }

    /// A state.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|state| state.id == id)
    }

    /// A field.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// A step with its state.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<(&State, &Step)> {
        let of = |state| -> Option<(&State, &Step)> {
            let state: &State = state;
            let step = state.steps.iter().find(|step| step.id == id)?;
            Some((state, step))
        };
        self.states.iter().find_map(of)
    }

    /// The functions that it names.
    #[must_use]
    pub fn functions(&self) -> Vec<&str> {
        read::functions(self)
    }

    /// The functions of which it asks whether somebody holds them: `holds` of an expression.
    #[must_use]
    pub fn held(&self) -> Vec<&str> {
        read::held(self)
    }

    /// The departments that it names.
    #[must_use]
    pub fn departments(&self) -> Vec<&str> {
        read::departments(self)
    }

    /// Into which compartments it moves cases, each with the unit of the file plan.
    #[must_use]
    pub fn moves(&self) -> Vec<(&str, &str)> {
        read::moves(self)
    }

    /// Whether it has documents destroyed.
    #[must_use]
    pub fn destroys(&self) -> bool {
        read::destroys(self)
    }

    /// Whether it closes the file in which its case stands.
    #[must_use]
    pub fn closes_file(&self) -> bool {
        read::closes_file(self)
    }

    /// The forms that it names.
    #[must_use]
    pub fn forms(&self) -> Vec<&str> {
        read::forms(self)
    }
}
