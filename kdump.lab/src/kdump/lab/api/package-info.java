// SPDX-License-Identifier: Apache-2.0

/**
 * What the lab offers to its front ends: runs and their verdicts as plain records. Knows nothing of
 * how they are printed.
 */
@Export
@Version("0.1.0")
package kdump.lab.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
