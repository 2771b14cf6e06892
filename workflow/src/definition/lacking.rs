//! What a form must have and nothing can have said when it is made.

use super::{Definition, Effect, Step};

impl Definition {
    /// Of the keys that a form must have, those that no field of the definition can hold when a step makes it: it is
    /// known from the beginning, another step asks for it, or an effect sets it. What the step itself asks comes too
    /// late, for the form is made when it is opened.
    #[must_use]
    pub fn lacking<'a>(&self, form: &str, keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let making: Vec<&Step> = self.all_steps().filter(|step| makes(step, form)).collect();
        let lacks = |key: &&str| making.iter().any(|step| !self.can_know(key, step));
        keys.into_iter().filter(lacks).collect()
    }

    fn can_know(&self, key: &str, before: &Step) -> bool {
        let Some(field) = self.field(key) else {
            return false;
        };
        let begun = field.required || field.source.is_some();
        let asks =
            |step: &Step| step.id != before.id && step.asks.iter().any(|ask| ask.field == key);
        let sets = |effect: &Effect| matches!(effect, Effect::Set { field, .. } if field == key);
        let outcomes = self.all_steps().flat_map(|step| &step.outcomes);
        begun
            || self.all_steps().any(asks)
            || outcomes.flat_map(|outcome| &outcome.effects).any(sets)
            || self
                .states
                .iter()
                .flat_map(|state| &state.on_enter)
                .any(sets)
    }

    fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.states.iter().flat_map(|state| &state.steps)
    }
}

/// Whether a step makes a form, be it a person's or the system's.
fn makes(step: &Step, form: &str) -> bool {
    let own = step.form.as_ref().is_some_and(|own| own.form == form);
    own || matches!(&step.effect, Some(Effect::Form { form: made, .. }) if made == form)
}
