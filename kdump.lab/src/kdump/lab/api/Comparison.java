// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;
import java.util.Set;

/**
 * The matrix: one machine, one seed, one crash instant, every policy.
 *
 * @param machine name
 * @param options of all the runs
 * @param profile name of the kernel profile; "FIRST -> CAPTURE" if the kernels differ
 * @param assumptions what was assumed about the machine, a sentence each
 * @param verdicts one a policy: those that leave the capture kernel alone first, then by name
 * @param stock names of the policies that leave the capture kernel alone
 * @param notRun policies in force that did not run, by name
 * @param same groups of policies that asked for the same here, each with two members at least
 */
public record Comparison(String machine, RunOptions options, String profile,
        List<String> assumptions, List<Verdict> verdicts, Set<String> stock, List<NotRun> notRun,
        List<Same> same) {

    /**
     * A policy that cannot apply.
     *
     * @param reason why, a clause
     */
    public record NotRun(String policy, String reason) { }

    /**
     * Policies whose steps were the same, one by one, and which therefore came to the same.
     *
     * @param policies names, in the order of the verdicts
     * @param reasons why they asked for no more, in their own words; empty if they gave none
     */
    public record Same(List<String> policies, List<String> reasons) { }
}
