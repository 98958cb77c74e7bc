//! `/openapi.json` and `/docs`: what the API is, and a page to read and try it, all out of the binary.

pub(in crate::routes) mod docs;
pub(in crate::routes) mod openapi;
