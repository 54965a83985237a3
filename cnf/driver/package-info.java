// SPDX-License-Identifier: Apache-2.0
/** Builds and tests the bnd workspace with bndlib alone: what {@code cnf/make} runs. */
package cnf.driver;
