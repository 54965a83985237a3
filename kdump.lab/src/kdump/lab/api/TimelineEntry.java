// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/**
 * Something that happened in a run.
 *
 * @param nanosSinceCrash virtual time; negative before the crash
 * @param phase label such as "T6"
 * @param what kind: "phase", "policy", "step", "register", "console", "driver", "translation",
 *     "fault", "error"...
 * @param text one line
 */
public record TimelineEntry(long nanosSinceCrash, String phase, String what, String text) { }
