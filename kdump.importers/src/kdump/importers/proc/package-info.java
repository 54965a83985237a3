// SPDX-License-Identifier: Apache-2.0

/**
 * Text files of /proc: iomem and cmdline.
 */
package kdump.importers.proc;
