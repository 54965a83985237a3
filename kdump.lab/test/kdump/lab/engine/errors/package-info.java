// SPDX-License-Identifier: Apache-2.0

/** Errors of the fabric in whole runs: their consequences, and what holds them up. */
package kdump.lab.engine.errors;
