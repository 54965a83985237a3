// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/** A machine at hand: how many remapping units and functions it has and where it came from. */
public record MachineSummary(String name, int units, int functions, String source) { }
