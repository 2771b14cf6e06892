//! What each request finds, and the routes of all rooms.

use crate::base::Tasks;
use crate::config::{Auth, Rights};
use crate::http::edge::Edge;
use crate::http::extract::BodyLimits;
use crate::http::health::{Health, get_live, get_ready};
use crate::http::limits::RateLimits;
use crate::http::metrics::{Metrics, get_metrics};
use crate::http::multipart::Room;
use crate::http::page::Cursors;
use crate::http::parameters::Parameters;
use crate::http::reference::{self, Reference};
use crate::ledger::looks::Looks;
use crate::search::{Follower, Rebuilder};
use crate::unit::Db;
use crate::webhooks::{self};
use crate::{
    cases, correspondents, departments, documents, excerpts, feed, file_plan, files, forms,
    inspections, invariants, notes, oidc, pages, paperless, refiling, relations, retention, search,
    signatures, signing, suggestions, tablets, types, workflows,
};
use actix_web::web::{self, Data};
use indexer::Index;
use storage::Storage;

/// What every worker thread of the server shares.
pub(super) struct Parts {
    pub(super) db: Data<Db>,
    pub(super) people: Data<departments::KnownPeople>,
    pub(super) browsers: Data<departments::Browsers>,
    pub(super) sign_on: Data<oidc::SignOn>,
    pub(super) storage: Data<Storage>,
    pub(super) entrance: Data<documents::Entrance>,
    pub(super) looks: Data<Looks>,
    pub(super) index: Data<Index>,
    pub(super) follower: Data<Follower>,
    pub(super) rebuilder: Data<Rebuilder>,
    pub(super) publication: Data<crate::ledger::publisher::Publication>,
    pub(super) witnesses: Data<crate::ledger::witnesses::Witnesses>,
    pub(super) stamper: Data<crate::ledger::timestamps::Stamper>,
    pub(super) webhook_rules: Data<webhooks::Rules>,
    pub(super) cursors: Data<Cursors>,
    pub(super) reference: Data<Reference>,
    pub(super) parameters: Data<Parameters>,
    pub(super) body_limits: Data<BodyLimits>,
    pub(super) health: Data<Health>,
    pub(super) metrics: Data<Metrics>,
    pub(super) rate_limits: Data<RateLimits>,
    pub(super) auth: Data<Auth>,
    pub(super) attempts: Data<departments::Attempts>,
    pub(super) rights: Data<Rights>,
    pub(super) follow: Data<file_plan::Follow>,
    pub(super) tasks: Data<Tasks>,
    pub(super) room: Data<Room>,
    pub(super) painter: Data<documents::Painter>,
    pub(super) forms: Data<forms::Forms>,
    pub(super) checker: Data<signatures::Checker>,
    pub(super) stamp: Data<signing::Stamp>,
    pub(super) bus: Data<signing::Bus>,
    pub(super) invitation: Data<tablets::Invitation>,
    pub(super) rules: Data<workflows::Rules>,
    pub(super) goes_on: Data<retention::GoesOn>,
    pub(super) own_matter: Data<documents::OwnMatter>,
    pub(super) bell: Data<workflows::Bell>,
    pub(super) mailer: Data<Option<workflows::Mailer>>,
    pub(super) links: Data<workflows::Links>,
    pub(super) edge: Data<Edge>,
}

impl Parts {
    pub(super) fn configure(self) -> impl FnOnce(&mut web::ServiceConfig) + Clone + Send + 'static {
        move |config: &mut web::ServiceConfig| {
            config
                .app_data(self.db)
                .app_data(self.people)
                .app_data(self.browsers)
                .app_data(self.sign_on)
                .app_data(self.storage)
                .app_data(self.entrance)
                .app_data(self.looks)
                .app_data(self.index)
                .app_data(self.follower)
                .app_data(self.rebuilder)
                .app_data(self.publication)
                .app_data(self.witnesses)
                .app_data(self.stamper)
                .app_data(self.webhook_rules)
                .app_data(self.cursors)
                .app_data(self.body_limits)
                .app_data(self.parameters)
                .app_data(self.health)
                .app_data(self.metrics)
                .app_data(self.rate_limits)
                .app_data(self.auth)
                .app_data(self.attempts)
                .app_data(self.rights)
                .app_data(self.follow)
                .app_data(self.tasks)
                .app_data(self.room)
                .app_data(self.painter)
                .app_data(self.forms)
                .app_data(self.checker)
                .app_data(self.stamp)
                .app_data(self.bus)
                .app_data(self.invitation)
                .app_data(self.rules)
                .app_data(self.goes_on)
                .app_data(self.own_matter)
                .app_data(self.bell)
                .app_data(self.mailer)
                .app_data(self.links)
                // Paths are tried in this order: what is asked most comes first.
                .configure(search::routes)
                .configure(documents::routes)
                .configure(signatures::routes)
                .configure(departments::routes)
                .configure(oidc::routes)
                .configure(file_plan::routes)
                .configure(files::routes)
                .configure(cases::routes)
                .configure(correspondents::routes)
                .configure(types::routes)
                .configure(forms::routes)
                .configure(refiling::routes)
                .configure(retention::routes)
                .configure(notes::routes)
                .configure(inspections::routes)
                .configure(tablets::routes)
                .configure(signing::routes)
                .configure(workflows::routes)
                .configure(workflows::people_routes)
                .configure(relations::routes)
                .configure(suggestions::routes)
                .configure(feed::routes)
                .configure(webhooks::routes)
                .configure(invariants::routes)
                .configure(excerpts::routes)
                .configure(paperless::routes)
                .configure(pages::routes)
                .configure(reference::routes(self.reference))
                .configure(watching);
        }
    }
}

/// What those ask who watch the server.
fn watching(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/health/live").get(get_live))
        .service(web::resource("/health/ready").get(get_ready))
        .service(web::resource("/metrics").get(get_metrics));
}

impl Clone for Parts {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            people: self.people.clone(),
            browsers: self.browsers.clone(),
            sign_on: self.sign_on.clone(),
            storage: self.storage.clone(),
            entrance: self.entrance.clone(),
            looks: self.looks.clone(),
            index: self.index.clone(),
            follower: self.follower.clone(),
            rebuilder: self.rebuilder.clone(),
            publication: self.publication.clone(),
            witnesses: self.witnesses.clone(),
            stamper: self.stamper.clone(),
            webhook_rules: self.webhook_rules.clone(),
            cursors: self.cursors.clone(),
            reference: self.reference.clone(),
            parameters: self.parameters.clone(),
            body_limits: self.body_limits.clone(),
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            rate_limits: self.rate_limits.clone(),
            auth: self.auth.clone(),
            attempts: self.attempts.clone(),
            rights: self.rights.clone(),
            follow: self.follow.clone(),
            tasks: self.tasks.clone(),
            room: self.room.clone(),
            painter: self.painter.clone(),
            forms: self.forms.clone(),
            checker: self.checker.clone(),
            stamp: self.stamp.clone(),
            bus: self.bus.clone(),
            invitation: self.invitation.clone(),
            rules: self.rules.clone(),
            goes_on: self.goes_on.clone(),
            own_matter: self.own_matter.clone(),
            bell: self.bell.clone(),
            mailer: self.mailer.clone(),
            links: self.links.clone(),
            edge: self.edge.clone(),
        }
    }
}
