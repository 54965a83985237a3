// SPDX-License-Identifier: Apache-2.0

/**
 * Coverage-guided fuzzing of every parser of files that strangers send: a short run with each
 * build, a long one by {@code cnf/make fuzz}. Jazzer mutates, {@link
 * kdump.importers.fuzz.FuzzTarget} judges.
 */
package kdump.importers.fuzz;
