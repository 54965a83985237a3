// SPDX-License-Identifier: Apache-2.0

/**
 * Files as bytes and lines, bounded in size, with an error that names file, offset and field. Knows
 * no format but gzip.
 */
package kdump.importers.bytes;
