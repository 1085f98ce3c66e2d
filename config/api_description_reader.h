#pragma once

#include "gateway/api/api_description.h"
#include "gateway/api/node.h"

namespace trackly::config {

/// Reads an OpenAPI 3.1 document into `api`, which keeps `document` and points into it. What the
/// gateway cannot enforce is a problem rather than ignored; prose (info, descriptions, examples,
/// responses, links) is left alone. Schemas are read by the filter that enforces them.
///
/// Beside OpenAPI it knows the extensions x-batch, x-product, x-gateway (on an operation),
/// x-sensitive, x-error (on a parameter) and x-response-fields (on the root).
void read_api_description(Node document, ApiDescription& api, Problems& problems);

}  // namespace trackly::config
