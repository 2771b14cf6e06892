//! Calls on inboxes, notices and calendars.

use serde_json::json;
use tests::town::Town;

use super::calls::{By, Call, call};

const FEEDS: &str = "/api/v1/calendar-feeds";

/// What everybody does with what is his own.
pub(super) async fn inbox(town: &Town, operation: &str) -> Option<Call> {
    let label = json!({"label": "Telefon"});
    Some(match operation {
        "listInbox" => call("/api/v1/inbox", By::Clerk),
        "countInbox" => call("/api/v1/inbox/counts", By::Clerk),
        "watchInbox" => call("/api/v1/inbox/events?once=true", By::Clerk),
        "doInInbox" => {
            let step = json!({"workflow": "01922f3c-0000-7000-8000-000000000000", "step": 1});
            let body = json!({"command": "claim", "items": [step]});
            call("/api/v1/inbox/bulk", By::Clerk).json(body)
        }
        "listNotifications" => call("/api/v1/notifications", By::Clerk),
        "readNotifications" => call("/api/v1/notifications/read", By::Clerk)
            .json(json!({"until": "2026-01-01T00:00:00Z"})),
        "readNotificationSettings" => call("/api/v1/notification-settings", By::Clerk),
        "changeNotificationSettings" => {
            call("/api/v1/notification-settings", By::Clerk).json(json!({"mail": "off"}))
        }
        "createCalendarFeed" => call(FEEDS, By::Clerk).json(label),
        "listCalendarFeeds" => call(FEEDS, By::Clerk),
        "endCalendarFeed" | "readCalendarFeed" => {
            let made = town.clerk().post(FEEDS, &label).await.is(201).json();
            let id = made["id"].as_str().unwrap_or_default().to_owned();
            let url = made["url"].as_str().unwrap_or_default().to_owned();
            let secret = url.rsplit('/').next().unwrap_or_default();
            match operation {
                "endCalendarFeed" => call(format!("{FEEDS}/{id}"), By::Clerk),
                _ => call(format!("{FEEDS}/{secret}"), By::Clerk),
            }
        }
        _ => return None,
    })
}
