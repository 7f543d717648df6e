//! The OpenAPI document of the console API, made from the handlers.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::{cases, live, member};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Frankly console API",
        description = "Staff sessions by cookie; requests that change something need the header X-Frankly-Console: 1."
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
    )
)]
struct Document;

/// The document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document.components.get_or_insert_default().add_security_scheme("access_token", bearer);
    document
}

pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
