// SPDX-License-Identifier: Apache-2.0
package kdump.importers.fuzz;

/**
 * The long run: {@code LAB_FUZZ_SECONDS=3600 cnf/make fuzz} gives each parser so many seconds, 60
 * without it. {@code LAB_FUZZ_PARSER=ELF} picks one.
 */
public final class Fuzz {

    private Fuzz() { }

    /** Runs every parser and ends with status 1 if one has a finding. */
    public static void main(String[] arguments) throws Exception {
        long seconds = Long.parseLong(System.getenv().getOrDefault("LAB_FUZZ_SECONDS", "60"));
        String only = System.getenv("LAB_FUZZ_PARSER");
        boolean clean = true;
        for (Parser parser : Parser.values()) {
            if (only == null ? parser.compareTo(Parser.ALL) < 0 : only.equals(parser.name())) {
                FuzzRun.Outcome outcome = FuzzRun.seconds(parser, seconds);
                System.err.println(parser + ": " + (outcome.clean() ? "nothing found, "
                        + outcome.log().lines().filter(l -> l.startsWith("Done ")).findFirst()
                                .orElseThrow() : "FOUND\n" + outcome.tail()));
                clean &= outcome.clean();
            }
        }
        System.exit(clean ? 0 : 1);
    }
}
