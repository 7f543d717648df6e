//! The OpenAPI document of the console API, made from the handlers.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::{cases, host, live, member, modes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Frankly console API",
        description = "Staff sessions by cookie; requests that change something need the header X-Frankly-Console: 1. The host platform shows a key of `frankly host-key make` as its bearer token."
    ),
    paths(
        cases::login,
        cases::logout,
        cases::me,
        cases::overview,
        cases::cases,
        cases::case,
        cases::claim,
        cases::unclaim,
        cases::reveal,
        cases::decide,
        cases::access,
        cases::webhooks,
        cases::replay,
        live::events,
        member::access,
        member::reports,
        member::wards,
        member::narrow_ward,
        host::close,
        host::people,
        host::person,
        host::relations,
        modes::modes,
        modes::label,
    )
)]
struct Document;

/// The document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("access_token", bearer.clone());
    components.add_security_scheme("host_key", bearer);
    document
}

pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
