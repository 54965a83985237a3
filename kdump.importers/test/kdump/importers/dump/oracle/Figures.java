// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

/**
 * What comparing came to, in pieces of memory.
 *
 * @param same that both read, with the same bytes
 * @param absent that both say are not in the dump
 * @param damaged that both cannot read, or that lie behind the end of a file that breaks off
 * @param filled that the other reader fills with zeros
 * @param different all others
 */
record Figures(long same, long absent, long damaged, long filled, long different) {

    static final Figures NONE = new Figures(0, 0, 0, 0, 0);

    Figures plus(Figures other) {
        return new Figures(same + other.same, absent + other.absent, damaged + other.damaged,
                filled + other.filled, different + other.different);
    }

    @Override
    public String toString() {
        return same + " the same, " + absent + " absent in both, " + damaged
                + " damaged or lost in both, " + filled + " filled with zeros by it, "
                + different + " different";
    }
}
