// SPDX-License-Identifier: Apache-2.0

/** One machine that somebody takes through its hand-over step by step. */
@Export
@Version("0.2.0")
package kdump.lab.api.live;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
