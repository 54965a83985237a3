// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;

/**
 * A machine file that was made out of real data.
 *
 * @param yaml its text
 * @param json the same machine as one JSON document
 * @param units number of remapping units
 * @param functions number of functions
 * @param tables where its memory is, as the file names it; null if its first kernel is booted
 * @param assumptions what was assumed or left out, a sentence each
 */
public record MachineFile(String yaml, String json, int units, int functions, String tables,
        List<String> assumptions) {

    /** Copies the list. */
    public MachineFile {
        assumptions = List.copyOf(assumptions);
    }
}
