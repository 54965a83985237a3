// SPDX-License-Identifier: Apache-2.0

/** The commands of the lab, as programs and the interactive shell call them. */
@Export
@Version("0.2.0")
package kdump.lab.api.command;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
