//! `openapi`: what the API is, for programs.

use anyhow::Result;

pub(super) fn openapi() -> Result<()> {
    println!("{}", gamification_http::openapi_json()?);
    Ok(())
}
