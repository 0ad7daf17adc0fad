"""Speed and memory as docs/performance.md has them; ``python -m benchmarks`` measures them."""
