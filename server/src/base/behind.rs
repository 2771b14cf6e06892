//! Work on threads that give way: who waits for an answer comes first.

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinError;

/// By how much these threads give way to those that answer.
const NICENESS: i32 = 15;

/// Threads with a lower priority, for work that blocks or computes and that nobody waits for. What
/// is started there starts its own threads with the same priority.
#[derive(Debug)]
pub struct Behind(Option<Runtime>);

impl Behind {
    /// Starts the threads.
    pub fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("behind")
            .on_thread_start(|| {
                // It is about comfort: where it is forbidden, the work goes on as it did.
                if rustix::process::nice(NICENESS).is_err() {
                    tracing::debug!("a thread cannot give way");
                }
            })
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where to start what blocks or computes.
    #[must_use]
    pub fn threads(&self) -> Handle {
        self.0
            .as_ref()
            .map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }

    /// Runs `work` there.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match &self.0 {
            Some(runtime) => runtime.spawn_blocking(work).await,
            None => tokio::task::spawn_blocking(work).await,
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        // A runtime must not be waited for from within another.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Behind;

    #[tokio::test]
    async fn its_threads_give_way() {
        let behind = Behind::start().expect("threads");
        // Field 19 of the thread's own line: behind the name in brackets, number 17.
        let nice = || {
            let line = std::fs::read_to_string("/proc/thread-self/stat").expect("a line");
            let rest = line.rsplit_once(')').expect("a name").1;
            let field = rest.split_whitespace().nth(16).expect("a field");
            field.parse::<i32>().expect("a number")
        };
        let here = nice();
        let there = behind.run(nice).await.expect("a number");
        assert!(there > here, "{there} is more than {here}");
        let also = behind.threads().spawn_blocking(nice).await;
        assert_eq!(also.expect("a number"), there);
        let started = behind
            .run(move || std::thread::spawn(nice).join())
            .await
            .expect("an end");
        assert_eq!(started.expect("a number"), there);
    }
}
