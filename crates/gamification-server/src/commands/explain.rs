//! `explain`: how a member came to their points and to their level.

use anyhow::Result;
use gamification_app::queries::explain_points;
use gamification_domain::MemberKey;
use gamification_telemetry::LogFormat;

use super::{current_store, with_database};
use crate::{cli::Options, telemetry::print};

pub(super) async fn explain(options: &Options, log_format: LogFormat, member: MemberKey) -> Result<()> {
    with_database(options, log_format, async |connector| {
        let store = current_store(connector, 1).await?;
        let explanation =
            explain_points(&store, member, &mut |explained| print(&explained.to_string())).await?;
        print(&explanation.to_string());
        Ok(())
    })
    .await
}
