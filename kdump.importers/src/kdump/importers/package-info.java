// SPDX-License-Identifier: Apache-2.0

/**
 * Machines out of captures: finds the files of a capture directory, has each read into facts, and
 * puts the facts together.
 */
package kdump.importers;
