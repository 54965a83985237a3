// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

/** All benchmarks, one after the other. They print figures and judge nothing. */
public final class Benches {

    private Benches() {}

    /** Runs them. */
    public static void main(String[] arguments) throws Exception {
        StartupBench.main(arguments);
        TranslateBench.main(arguments);
        PageReadBench.main(arguments);
    }
}
